/** Sends a run's new steps to a page. */

/** Milliseconds after which a message counts as passed on: one to a page that goes away is never answered. */
const patience = 1000;

/**
 * One message at a time: while the editor passes one on, the steps that come are gathered for the next. Twenty messages a second are more than
 * a busy window passes on, and it would show each of them in its turn, ever later.
 */
export class StepsToPage<Point> {
  private readonly post: (points: readonly Point[]) => Thenable<boolean> | undefined;
  private gathered: Point[] = [];
  private passing = false;

  /** @param post says when the editor has passed the message on; undefined where there is no page. */
  constructor(post: (points: readonly Point[]) => Thenable<boolean> | undefined) {
    this.post = post;
  }

  add(points: readonly Point[]): void {
    this.gathered.push(...points);
    if (!this.passing) void this.pass();
  }

  /** The page gets its history, which has these steps. */
  forget(): void {
    this.gathered = [];
  }

  private async pass(): Promise<void> {
    this.passing = true;
    while (this.gathered.length > 0) {
      const points = this.gathered;
      this.gathered = [];
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise((resolve) => (timer = setTimeout(resolve, patience)));
      await Promise.race([this.post(points), late]);
      clearTimeout(timer);
    }
    this.passing = false;
  }
}
