// Text of strangers in messages: names of modules and functions, what their guests wrote. The names themselves are in definitions; in a message
// they are short, and nothing in them moves the cursor of a terminal, turns the order of others round or begins a line of its own.

const mostName = 256;
/** Of UTF-16 units, as of native/go/shown: a message leaves room for others in a string. */
export const mostMessage = 65_536;

// Made when they are first asked for: classes of Unicode take V8 a third of a millisecond, a tenth of an import of the package.
const unprinted = () => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const linesKept = () => /[^\n\t\P{Cc}]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

function escapeOf(character: string): string {
  const code = character.codePointAt(0) as number;
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  if (character === '\r') return '\\r';
  if (code <= 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/** Without what is not printed; what is longer says that it was. */
function cut(text: string, most: number, which: RegExp): string {
  const begin = text.length <= most ? text : text.slice(0, most).toWellFormed();
  const escaped = begin.replace(which, escapeOf);
  if (text.length <= most && escaped.length <= most) return escaped;
  return `${escaped.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** A name in a message. */
export const shown = (name: string): string => cut(name, mostName, unprinted());
/** A message of ours, or of a host function: it may have lines. */
export const shownMessage = (message: string): string => cut(message, mostMessage, linesKept());
/** JSON for a terminal: the same value. */
export const shownJSON = (json: string): string =>
  json.replace(linesKept(), (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
