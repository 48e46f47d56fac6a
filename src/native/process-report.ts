interface ProcessReport {
  /** glibcVersionRuntime: absent on musl and off Linux. */
  readonly header: { readonly glibcVersionRuntime?: string };
  readonly sharedObjects: readonly string[];
}

export function processReport(): ProcessReport {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  const before = report.excludeNetwork;
  report.excludeNetwork = true; // else it looks up the names of all peers
  try {
    return report.getReport() as unknown as ProcessReport;
  } finally {
    if (before !== undefined) report.excludeNetwork = before;
  }
}
