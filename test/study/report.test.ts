/** The report: nothing of it is executed or fetched, everything shown is escaped, and the picture stands where the numbers say. */

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { resultsCsv } from '../../src/study/results/csv.ts';
import { reportPage } from '../../src/study/report/page.ts';
import { linearScale } from '../../src/study/report/scale.ts';
import { html } from '../../src/study/report/svg.ts';
import { eightPanels, someResults, someRun } from './someResults.ts';

const page = reportPage(someResults);
/** Attributes stand on lines of their own, or not. */
const flat = page.replace(/\s+/gu, ' ');

describe('the page', () => {
  test('may use its own style sheet and nothing else', () => {
    const style = /<style>(.*)<\/style>/su.exec(page)?.[1] ?? '';
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/u.exec(page)?.[1];
    const hash = createHash('sha256').update(style).digest('base64');
    expect(policy).toBe(`default-src 'none'; style-src 'sha256-${hash}'`);
    expect(page).not.toMatch(/<script|<link|<img|\sstyle=|\son\w+=|url\(|https?:/u);
  });

  test('escapes what it was given', () => {
    expect(page).not.toContain('<b>');
    expect(page).toContain('&lt;b&gt;&quot;x&quot;');
    expect(page).toContain('b: the disk, &quot;/&lt;full&gt;&quot;, is full');
  });

  test('has a line for each method and one arrow, at the greatest lossless sparsity', () => {
    expect(flat.match(/<polyline/gu)).toHaveLength(2);
    const arrows = flat.match(/class="arrow m\d"/gu);
    expect(arrows).toEqual(['class="arrow m0"']);
    const corners = /<polyline class="line" points="([^"]*)"/u.exec(flat)?.[1]?.split(' ') ?? [];
    expect(corners).toHaveLength(3);
    const [x] = (corners[1] ?? '').split(',').map(Number);
    const [, tip] = /class="arrow m0" ?> ?<path d="M[\d.]+ [\d.]+ L([\d.]+) /u.exec(flat) ?? [];
    expect(Number(tip)).toBeCloseTo(x ?? 0, 1);
    expect(page).toContain('the greatest lossless sparsity is 75.0 %');
  });

  test('has a cell for each layer, blocks down and kinds across', () => {
    const cells = Array.from(flat.matchAll(/<rect class="s(\d+)" x="([\d.]+)" y="([\d.]+)"/gu), (match) =>
      match.slice(1).map(Number),
    );
    expect(cells).toHaveLength(6);
    expect(new Set(cells.map(([, x]) => x)).size).toBe(3);
    expect(new Set(cells.map(([, , y]) => y)).size).toBe(2);
    expect(cells.map(([shade]) => shade)).toEqual([8, 8, 8, 10, 10, 10]);
  });

  test('says so before the first run is done', () => {
    const empty = reportPage({
      ...someResults,
      models: someResults.models.map((model) => ({ ...model, given: null, dense: null, methods: [] })),
      runs: [],
    });
    expect(empty).toContain('No pruned run is done yet.');
    expect(empty).not.toContain('NaN');
  });

  test('has a panel for each model and set, with the same colour for a method everywhere', () => {
    const whole = reportPage(eightPanels()).replace(/\s+/gu, ' ');
    const panels = whole.split('<figure class="panel').slice(1);
    expect(panels).toHaveLength(8);
    expect(panels.map((panel) => /<figcaption>([^<]*)</u.exec(panel)?.[1])).toEqual(
      ['wav2vec2-base-100h', 'hubert-large'].flatMap((model) =>
        ['dev-clean', 'dev-other', 'test-clean', 'test-other'].map((set) => `${model}, ${set}`),
      ),
    );
    for (const panel of panels) {
      expect(panel.split('</figure>')[0]?.match(/<g class="m\d" ?>/gu)).toEqual(
        [0, 1, 2].map((at) => `<g class="m${at}" >`),
      );
      expect(panel).toContain('word error rate, %');
    }
    expect(whole).toContain('dev-clean was also evaluated during training');
  });

  test('names what the model is measured in', () => {
    const models = someResults.models.map((model) => ({
      ...model,
      given: { test: { ...someResults.models[0]!.given!['test']!, unit: 'phone' as const } },
    }));
    expect(reportPage({ ...someResults, models })).toContain('phone error rate, %');
  });

  test('compares methods with each other', () => {
    expect(flat).toMatch(
      /self-pinching, none<\/td> <td>50\.00 %<\/td> <td>-1\.00<\/td> <td>-2\.00 to -0\.20<\/td> <td>5, 5<\/td>/u,
    );
  });

  test('marks in the table what is significantly above the dense model', () => {
    const row = /<tr class="m0">(?:(?!<\/tr>).)*90\.0 %(?:(?!<\/tr>).)*<\/tr>/u.exec(flat)?.[0];
    expect(row).toMatch(/<td>8\.00<sup>\*<\/sup><\/td>/u);
    expect(flat).toMatch(/<td>5\.00<sup><\/sup><\/td>/u);
  });

  test('has no number that is none', () => expect(page).not.toMatch(/NaN|Infinity|undefined|null/u));
});

describe('a scale', () => {
  test.each([
    ['sparsities', [50, 92], [50, 60, 70, 80, 90, 100]],
    ['rates', [3.1, 6.9], [3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7]],
    ['one value', [5], [5, 5.1]],
    ['zero', [0], [0, 0.0002]],
  ])('of %s has round ticks around them', (_, values, ticks) => {
    const scale = linearScale(values, 0, 100);
    expect(scale.ticks[0]).toBeLessThanOrEqual(Math.min(...values));
    expect(scale.ticks.at(-1)).toBeGreaterThanOrEqual(Math.max(...values));
    expect([scale.at(scale.low), scale.at(scale.high)]).toEqual([0, 100]);
    expect(scale.ticks.map((tick) => Number(tick.toFixed(6)))).toEqual(ticks);
  });
});

test('markup is nested without being escaped twice', () => {
  expect(html`<i>${['a&b', html`<b>${1.23456}</b>`]}</i>`.markup).toBe('<i>a&amp;b<b>1.23</b></i>');
});

test('the table for programs quotes what has to be quoted, and has a row for each run and set', () => {
  const lines = resultsCsv(someResults).split('\r\n');
  expect(lines).toHaveLength(6);
  expect(lines[0]).toMatch(/^run,model,method,target,seed,status,/u);
  expect(lines[1]).toMatch(/^a,<i>m,self-pinching,0\.5,0,done,0\.5,0\.4,10,6,99,1,90,dev,dev,word,0\.05,/u);
  expect(lines[2]).toMatch(/,test,test,word,0\.05,0\.02,,5,100,undecided,,,$/u);
  expect(lines[3]).toBe('b,<i>m,self-pinching,0.5,0,failed,,,,,,,,dev,dev,,,,,,,,,,');
  expect(resultsCsv({ ...someResults, runs: [{ ...someRun('a', 'x'), name: 'a,"b"' }] })).toContain('"a,""b"""');
});
