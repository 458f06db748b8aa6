/** How what was foreseen compares with what was observed, the newest observations counting most. */

export class Ratio {
  private readonly fading: number;
  private foreseen = 0;
  private observed = 0;
  private counted = 0;

  /** @param fading what is left of an observation's weight after the next. */
  constructor(fading: number) {
    this.fading = fading;
  }

  /** Both in the same unit, such as seconds. What was foreseen as nothing says nothing. */
  add(foreseen: number, observed: number): void {
    if (!(foreseen > 0)) return;
    this.foreseen = this.fading * this.foreseen + foreseen;
    this.observed = this.fading * this.observed + observed;
    this.counted = this.fading * this.counted + 1;
  }

  /** What was observed for each unit that was foreseen. @param trust what was foreseen counts as so many observations. */
  value(trust: number): number {
    if (this.counted === 0) return 1;
    const prior = (trust * this.foreseen) / this.counted;
    return (this.observed + prior) / (this.foreseen + prior);
  }
}
