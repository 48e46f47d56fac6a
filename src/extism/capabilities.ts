/** What this host can do, by the names of Extism's js-sdk. */
export interface Capabilities {
  /** Host functions may be asynchronous without `runInWorker`. Here: on every Node. */
  supportsJSPromiseInterface: boolean;
  allowSharedBufferCodec: boolean;
  /** Manifest items may have `path`. */
  manifestSupportsPaths: boolean;
  crossOriginChecksEnforced: boolean;
  fsAccess: boolean;
  /** `runInWorker` is taken. Here no call is on the JS thread anyway. */
  hasWorkerCapability: boolean;
  supportsWasiPreview1: boolean;
  supportsTimeouts: boolean;
  /** The environment has EXTISM_ENABLE_WASI_OUTPUT: the default of `enableWasiOutput`. */
  extismStdoutEnvVarSet: boolean;
}

export const CAPABILITIES: Capabilities = {
  supportsJSPromiseInterface: true,
  allowSharedBufferCodec: false,
  manifestSupportsPaths: true,
  crossOriginChecksEnforced: false,
  fsAccess: true,
  hasWorkerCapability: true,
  supportsWasiPreview1: true,
  supportsTimeouts: true,
  extismStdoutEnvVarSet: Boolean(process.env.EXTISM_ENABLE_WASI_OUTPUT),
};
