import { fieldsOf, type Mount } from './io/fields.js';
import type { FileSystem, ReadOnlyFileSystem } from './io/file-system.js';
import { checkFileSystem } from './io/files.js';
import { Uncloneable } from './values/uncloneable.js';
import { checkString } from './values/validate.js';

/**
 * What of the host's files a guest sees (wazero: FSConfig). An immutable value. Default: nothing.
 *
 * A guest path that was used before is overridden and keeps its precedence; the longest matching one counts.
 */
export class FSConfig extends Uncloneable {
  #mounts: readonly Mount[] = Object.freeze([]);
  static {
    fieldsOf.fsConfig = (value) =>
      typeof value === 'object' && value !== null && #mounts in value ? value.#mounts : undefined;
  }

  constructor() {
    super();
    Object.freeze(this);
  }

  #with(mount: Mount): FSConfig {
    checkString(mount.guestPath, 'guestPath');
    const next = new FSConfig();
    next.#mounts = Object.freeze([...this.#mounts, Object.freeze(mount)]);
    return next;
  }

  /**
   * The directory `hostDir`, for reading and writing, as `guestPath` (wazero: WithDirMount). Unlike wazero's it is a jail: no guest path,
   * symbolic link or rename leads outside. The directory is looked at when it is used, not before.
   */
  withDirMount(hostDir: string, guestPath: string): FSConfig {
    checkString(hostDir, 'hostDir');
    return this.#with({ kind: 'dir', hostDir, guestPath });
  }

  /** As `withDirMount`; every attempt to write gives the guest an errno (wazero: WithReadOnlyDirMount). */
  withReadOnlyDirMount(hostDir: string, guestPath: string): FSConfig {
    checkString(hostDir, 'hostDir');
    return this.#with({ kind: 'readOnlyDir', hostDir, guestPath });
  }

  /** A file system written in JavaScript, for reading (wazero: WithFSMount). */
  withFSMount(fs: ReadOnlyFileSystem, guestPath: string): FSConfig {
    checkFileSystem(fs, 'fs');
    return this.#with({ kind: 'fs', fs, guestPath });
  }

  /** A file system written in JavaScript, for reading and writing (wazero: sysfs.FSConfig.WithSysFSMount). */
  withSysFSMount(fs: FileSystem, guestPath: string): FSConfig {
    checkFileSystem(fs, 'fs');
    return this.#with({ kind: 'sysFs', fs, guestPath });
  }
}
