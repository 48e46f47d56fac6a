import type { ModuleFunctions } from '../calls/host-functions.js';
import type { Handle } from '../native/binding.js';
import { Description } from '../native/description.js';
import { native } from '../native/native.js';
import { netUnder, ownerOf } from '../native/owned.js';

/** The native half of host modules with the same names and types: compiled once, its instances get functions of their own. */
export class HostTemplate {
  readonly handle: Handle;
  readonly description: Description;
  #users = 0;
  #kept: boolean;

  /** @param kept until it is forgotten; else it goes with the last who uses it */
  constructor(handle: Handle, kept: boolean) {
    this.handle = handle;
    this.#kept = kept;
    this.description = ownerOf(handle, native().compiledClose, () => new Description(handle));
  }
  use(): void {
    this.#users++;
  }
  /** By each who used it, once. */
  letGo(): void {
    this.#users--;
    this.#close();
  }
  /** Nobody new can find it. */
  forget(): void {
    this.#kept = false;
    this.#close();
  }
  #close(): void {
    if (this.#kept || this.#users > 0) return;
    this.description.close();
    native().compiledClose(this.handle);
  }
}

const forgotten = netUnder<HostTemplate>((template) => template.letGo());

/** Somebody uses a template, until it says so or is forgotten. */
export class TemplateUse {
  readonly template: HostTemplate;
  constructor(template: HostTemplate) {
    this.template = template;
    template.use();
    forgotten.register(this, template, this);
  }
  /** Once. */
  end(): void {
    forgotten.unregister(this);
    this.template.letGo();
  }
}

/** A host module that is made for each instance of a guest has the same few types every time. */
const mostKept = 64;

/** Those of one runtime, which closes them all. */
export class HostTemplates {
  readonly #known = new Map<string, HostTemplate>();

  /** The one for these functions; the last that were asked for are kept. */
  of(runtime: Handle, functions: Pick<ModuleFunctions, 'key' | 'describe'>): HostTemplate {
    const { key } = functions;
    let template = key === undefined ? undefined : this.#known.get(key);
    if (template !== undefined) return template;
    const handle = native().hostCompile(runtime, JSON.stringify(functions.describe()));
    template = new HostTemplate(handle, key !== undefined);
    if (key === undefined) return template;
    this.#known.set(key, template);
    if (this.#known.size > mostKept) {
      const [[oldest, forgotten]] = this.#known as unknown as [[string, HostTemplate]];
      this.#known.delete(oldest);
      forgotten.forget();
    }
    return template;
  }
}
