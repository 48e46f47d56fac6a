type Bytes = Buffer<ArrayBuffer>;
export const shapes: {
  importModules(n: number, bytes?: number, fill?: string): Bytes;
  imports(n: number, bytes?: number, fill?: string): Bytes;
  exports(n: number, bytes?: number, fill?: string, params?: number): Bytes;
  exportsOfOne(n: number, bytes?: number, fill?: string): Bytes;
  exportsOfMemory(n: number, bytes?: number, fill?: string): Bytes;
  importsOfMemories(n: number, exports: number): Bytes;
  functions(n: number): Bytes;
  customSections(n: number, bytes?: number, fill?: string): Bytes;
  customBytes(n: number): Bytes;
  moduleName(bytes: number, fill: string, n: number): Bytes;
  functionNames(n: number, bytes?: number, fill?: string): Bytes;
};
