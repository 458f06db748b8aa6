/** Places arrows at points of a picture, each from the side where it covers least. */

export interface Spot {
  readonly x: number;
  readonly y: number;
}

export interface ArrowPlace {
  readonly tail: Spot;
  readonly tip: Spot;
  readonly wings: readonly [Spot, Spot];
}

interface Around {
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  /** The points of the lines, which arrows keep clear of. */
  readonly lines: readonly (readonly Spot[])[];
}

const length = 34;
/** Between the arrow's tip and the middle of what it points at. */
const distance = 11;
const wing = 8;
/** Degrees, clockwise from the right as y grows downwards; from below first, since lines rise to the right. */
const directions = [90, -90, 60, 120, -60, -120, 30, 150, -30, -150, 0, 180];

/** @param points to point at. @returns an arrow for each. */
export function placeArrows(points: readonly Spot[], { plot, lines }: Around): ArrowPlace[] {
  const covered = lines.flatMap(samples);
  const placed: ArrowPlace[] = [];
  for (const point of points) {
    const candidates = directions.map((degrees, order) => {
      const arrow = arrowAt(point, (degrees * Math.PI) / 180);
      const shaft = samples([arrow.tail, arrow.tip]);
      const others = placed.flatMap(({ tail, tip }) => samples([tail, tip]));
      const outside = shaft.filter(({ x, y }) => x < plot.left || x > plot.right || y < plot.top || y > plot.bottom);
      const cost = 100 * outside.length + crowding(shaft, covered) + 3 * crowding(shaft, others) + 0.05 * order;
      return { arrow, cost };
    });
    const best = candidates.reduce((least, each) => (each.cost < least.cost ? each : least));
    placed.push(best.arrow);
  }
  return placed;
}

function arrowAt({ x, y }: Spot, angle: number): ArrowPlace {
  const from = (start: Spot, far: number, turn = 0): Spot => ({
    x: start.x + far * Math.cos(angle + turn),
    y: start.y + far * Math.sin(angle + turn),
  });
  const tip = from({ x, y }, distance);
  return { tip, tail: from(tip, length), wings: [from(tip, wing, 0.6), from(tip, wing, -0.6)] };
}

/** Spots along a line, a few units apart. */
function samples(line: readonly Spot[]): Spot[] {
  return line.flatMap((end, at) => {
    const start = line[at - 1];
    if (!start) return [end];
    const steps = Math.max(1, Math.ceil(Math.hypot(end.x - start.x, end.y - start.y) / 5));
    return Array.from({ length: steps }, (_, step) => {
      const share = (step + 1) / steps;
      return { x: start.x + share * (end.x - start.x), y: start.y + share * (end.y - start.y) };
    });
  });
}

const near = 10;

/** How many spots of the arrow come close to others, the closest counting most. */
function crowding(shaft: readonly Spot[], others: readonly Spot[]): number {
  return shaft.reduce((sum, spot) => {
    const least = others.reduce(
      (least, other) => Math.min(least, Math.hypot(other.x - spot.x, other.y - spot.y)),
      near,
    );
    return sum + (near - least) / near;
  }, 0);
}
