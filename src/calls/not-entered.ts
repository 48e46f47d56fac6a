/** What a call without Go returns when nothing has happened: it has to go through Go. */
export const notEntered = Symbol('not entered');
