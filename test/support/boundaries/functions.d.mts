export interface BoundaryFunction {
  name: string;
  body: string;
  writes: boolean;
}
export const functions: readonly BoundaryFunction[];
export function boundaryModule(pages: number, chosen?: readonly BoundaryFunction[]): string;
