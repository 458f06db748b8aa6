/** How fast steps are compared with what was estimated, over as many of the last as were made on an equally busy machine. */

/** The more steps, the less their noise matters. */
const remembered = 60;
/** So many say that the machine has become another. */
const sudden = 6;
/** In standard errors; and a smaller change than this share is not worth forgetting the past for. */
const significant = 3.5;
const relevant = 0.1;

interface Observation {
  readonly foreseen: number;
  readonly observed: number;
  /** Logarithm of their ratio. */
  readonly log: number;
}

export class Pace {
  private observations: Observation[] = [];

  /** Both in seconds. */
  add(foreseen: number, observed: number): void {
    if (!(foreseen > 0 && observed > 0)) return;
    this.observations.push({ foreseen, observed, log: Math.log(observed / foreseen) });
    if (this.observations.length > remembered) this.observations.shift();
    const newest = this.observations.slice(-sudden);
    const before = this.observations.slice(0, -sudden);
    if (before.length < sudden) return;
    const [now, then] = [momentsOf(newest), momentsOf(before)];
    const change = Math.abs(now.mean - then.mean);
    const error = Math.sqrt((now.variance + then.variance) / 2) * Math.sqrt(1 / newest.length + 1 / before.length);
    if (change > relevant && change > significant * error) this.observations = newest;
  }

  /** Seconds observed for each that was foreseen; 1 before the first. */
  get value(): number {
    if (this.observations.length === 0) return 1;
    const sum = (of: 'foreseen' | 'observed'): number => this.observations.reduce((total, each) => total + each[of], 0);
    return sum('observed') / sum('foreseen');
  }
}

function momentsOf(some: readonly Observation[]): { readonly mean: number; readonly variance: number } {
  const mean = some.reduce((sum, { log }) => sum + log, 0) / some.length;
  return { mean, variance: some.reduce((sum, { log }) => sum + (log - mean) ** 2, 0) / (some.length - 1) };
}
