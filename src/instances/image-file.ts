import { fileURLToPath } from 'node:url';
import type { Handle, LoadedImage } from '../native/binding.js';
import { addActive, native, removeActive } from '../native/native.js';
import { invalidArgument, unreadableModuleError, withStackOfAwaiter } from '../values/errors.js';
import { nextId } from '../values/ids.js';
import { Buffer } from '../values/node.js';
import { checkString, wrongType } from '../values/validate.js';
import { addRequest, errorOf } from './compile.js';
import type { CompiledState } from './compiled-state.js';
import { ImageState } from './image-state.js';
import type { RuntimeState } from './runtime-state.js';

/** A path of the process, absolute: its working directory may change meanwhile. */
export function checkPath(path: unknown): string {
  if (path instanceof URL) return fileURLToPath(path);
  if (typeof path !== 'string') throw wrongType('a string or a URL', 'path', path);
  checkString(path, 'path');
  if (path === '' || path.includes('\0'))
    throw invalidArgument(`Expected a path for path but received ${JSON.stringify(path)}`);
  return process.getBuiltinModule('node:path').resolve(path);
}

function answerOf(status: number, bytes: Uint8Array): LoadedImage {
  if (status !== 0) throw errorOf(bytes);
  try {
    // Of a save there is nothing to say.
    return bytes.byteLength === 0 ? ({} as LoadedImage) : JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    throw unreadableModuleError(error);
  }
}

/** What native code does with a file, off the JS thread. */
async function atFile(
  begin: (request: number) => void,
): Promise<{ readonly handle: Handle; readonly loaded: LoadedImage }> {
  try {
    return await new Promise((resolve, reject) => {
      const id = nextId();
      begin(id);
      addActive();
      addRequest(id, (status, handle, bytes) => {
        removeActive();
        try {
          resolve({ handle, loaded: answerOf(status, bytes) });
        } catch (error) {
          reject(error);
        }
      });
    });
  } catch (error) {
    throw withStackOfAwaiter(error);
  }
}

export async function saveImage(image: ImageState, path: string): Promise<void> {
  image.checkOpen();
  await atFile((request) => native().imageSave(image.handle, path, request));
}

export async function loadImage(runtime: RuntimeState, compiled: CompiledState, path: string): Promise<ImageState> {
  runtime.checkOpen();
  const { handle, loaded } = await atFile((request) => native().imageLoad(compiled.handle, path, request));
  try {
    runtime.checkOpen(); // it may have been closed meanwhile, and the image with it
    return new ImageState(runtime, compiled, loaded.name, handle, loaded.byteLength, loaded.waitsIn);
  } catch (error) {
    native().imageClose(handle);
    throw error;
  }
}
