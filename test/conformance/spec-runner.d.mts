export interface Deviation {
  group: string;
  file: string;
  line: number;
  type: string;
  got: string;
}
export function runSpec(options: {
  engine?: string;
  lane?: string;
  guardPages?: boolean | 'auto';
  from?: string;
  only?: string;
}): Promise<{
  total: number;
  passed: number;
  perGroup: Record<string, number>;
  deviations: Deviation[];
}>;
