/**
 * CTC inside the graph against torch.nn.functional.ctc_loss (2.13, float64, reduction "mean", zero_infinity): padded batches, repeated
 * labels, no labels, utterances that cannot be aligned, long utterances whose probabilities underflow, masked utterances.
 */
import { describe, expect, it } from 'vitest';
import { Builder } from '../../src/onnx/graph/builder.ts';
import { float32, int64 } from '../../src/onnx/graph/tensor.ts';
import { ctcLoss } from '../../src/speech/text/ctcLoss.ts';
import { ctc } from '../../src/step/ctc.ts';
import { Session } from '../../src/runtime/session.ts';

interface Case {
  frames: number;
  vocabulary: number;
  labels: number[][];
  lengths: number[];
  scale: number;
  weights?: number[];
}

function logitsOf({ frames, vocabulary, labels, scale }: Pick<Case, 'frames' | 'vocabulary' | 'labels' | 'scale'>) {
  return Float32Array.from(
    { length: labels.length * frames * vocabulary },
    (_, i) => scale * Math.sin(i * 0.7 + 0.3 * Math.cos(i * 1.3)),
  );
}

async function run({ frames, vocabulary, labels, lengths, scale, weights }: Case) {
  const batch = labels.length;
  const width = Math.max(1, ...labels.map((l) => l.length));
  const b = new Builder();
  const found = ctc(b, {
    logits: b.input('logits', 'float32', [batch, frames, vocabulary]),
    labels: b.input('labels', 'int64', [batch, width]),
    labelLengths: b.input('label_lengths', 'int64', [batch]),
    frameLengths: b.input('frame_lengths', 'int64', [batch]),
    weights: b.input('weights', 'float32', [batch]),
    blank: 0,
  });
  b.output(found.loss, 'loss');
  b.output(found.gradient, 'gradient');
  const session = await Session.create({ graph: b.graph('ctc'), opsets: new Map([['', 20]]) }, { device: 'cpu' });
  const logits = logitsOf({ frames, vocabulary, labels, scale });
  const results = await session.run({
    logits: float32(logits, [batch, frames, vocabulary]),
    labels: int64(
      labels.flatMap((l) => [...l, ...Array<number>(width - l.length).fill(0)]),
      [batch, width],
    ),
    label_lengths: int64(labels.map((l) => l.length)),
    frame_lengths: int64(lengths),
    weights: float32(weights ?? Array<number>(batch).fill(1)),
  });
  await session.dispose();
  const gradient = results['gradient']!.tensor.data as Float32Array;
  const every = Math.max(1, Math.floor(gradient.length / 7));
  return {
    loss: Number(results['loss']!.tensor.data[0]),
    gradient: Array.from({ length: Math.ceil(gradient.length / every) }, (_, k) => gradient[k * every]!),
    norm: Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0)),
  };
}

const long = [60, 200].map((n, row) =>
  Array.from({ length: n }, (_, k) => 1 + (Math.floor(row === 0 ? (7 * k) / 3 : (5 * k) / 2) % 30)),
);

const rows: (Case & { title: string; torch: { loss: number; gradient: number[]; norm: number } })[] = [
  {
    title: 'padded batch with repeated labels, one utterance too short for its labels',
    ...{ frames: 12, vocabulary: 6, lengths: [12, 9, 4], scale: 2 },
    labels: [[1, 2, 2, 3], [4, 4, 4], [5]],
    torch: {
      loss: 4.736285331575328,
      gradient: [
        -0.020780721679329872, -0.024450914934277534, -0.004504941403865814, -0.025238536298274994,
        -0.03532153740525246, -0.0009223585366271436, 0, 0,
      ],
      norm: 0.6199200749397278,
    },
  },
  {
    title: 'an utterance that cannot be aligned counts as zero',
    ...{ frames: 5, vocabulary: 4, lengths: [5, 5], scale: 1 },
    labels: [
      [1, 1, 1, 1],
      [2, 3],
    ],
    torch: {
      loss: 0.8795931005619991,
      gradient: [0, 0, 0, 0, -0.04623876512050629, 0.04791271686553955, -0.0414019413292408, -0.05349712818861008],
      norm: 0.26906681060791016,
    },
  },
  {
    title: 'an utterance without labels',
    ...{ frames: 6, vocabulary: 4, lengths: [6, 3], scale: 1.5 },
    labels: [[], [1]],
    torch: {
      loss: 6.47957331185888,
      gradient: [
        -0.4377618134021759, 0.05957457795739174, -0.18614742159843445, 0.09695026278495789, -0.13332916796207428,
        0.1272050142288208, 0, 0,
      ],
      norm: 1.1956779956817627,
    },
  },
  {
    title: '400 frames and 200 labels, whose probabilities are below the smallest float',
    ...{ frames: 400, vocabulary: 32, lengths: [250, 400], scale: 12 },
    labels: long,
    torch: {
      loss: 26.730351136008707,
      gradient: [
        -0.005931783467531204, 2.4490522264386527e-5, 3.322426968960235e-13, 0, 4.201491585198447e-13,
        1.67863199749263e-5, 8.415521057791864e-11, 2.8943408000164927e-12,
      ],
      norm: 0.13463923335075378,
    },
  },
];

describe('CTC in the graph', () => {
  it.each(rows)('$title', async ({ torch, ...inputs }) => {
    const found = await run(inputs);
    expect(Math.abs(found.loss / torch.loss - 1)).toBeLessThan(2e-6);
    // torch's own float32 result is 9e-4 away from its float64 one where log probabilities reach -5000.
    expect(Math.abs(found.norm / torch.norm - 1)).toBeLessThan(inputs.frames > 100 ? 1e-3 : 1e-4);
    expect(found.gradient).toHaveLength(torch.gradient.length);
    found.gradient.forEach((g, i) => expect(Math.abs(g - torch.gradient[i]!)).toBeLessThan(1e-4 * torch.norm));
  });

  it.each(rows)('of one utterance after the other, outside the graph: $title', ({ torch, ...inputs }) => {
    const { frames, vocabulary, labels, lengths } = inputs;
    const logits = logitsOf(inputs);
    const losses = labels.map((own, row) => {
      const loss = ctcLoss(logits.subarray(row * frames * vocabulary), lengths[row] ?? 0, vocabulary, own, 0);
      return Number.isFinite(loss) ? loss / Math.max(1, own.length) : 0;
    });
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    expect(Math.abs(mean / torch.loss - 1)).toBeLessThan(1e-6);
  });

  it('leaves out utterances that only fill the batch', async () => {
    const alone = await run({ frames: 6, vocabulary: 4, lengths: [6], scale: 1.5, labels: [[1, 2]] });
    const filled = await run({
      ...{ frames: 6, vocabulary: 4, lengths: [6, 6], scale: 1.5, weights: [1, 0] },
      labels: [
        [1, 2],
        [3, 3],
      ],
    });
    expect(filled.loss).toBeCloseTo(alone.loss, 5);
    expect(filled.norm).toBeCloseTo(alone.norm, 5);
  });
});
