export function runWasi(options: {
  engine?: string;
  from?: string;
  only?: string;
  files?: 'directory' | 'memfs' | 'promises';
}): Promise<{
  total: number;
  passed: number;
  failures: Record<string, string>;
  baseline: string[];
}>;
