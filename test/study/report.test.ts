/** The report: nothing of it is executed or fetched, everything shown is escaped, and the picture stands where the numbers say. */

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { resultsCsv } from '../../src/study/csv.ts';
import { reportPage } from '../../src/study/report/page.ts';
import { linearScale } from '../../src/study/report/scale.ts';
import { html } from '../../src/study/report/svg.ts';
import { someResults, someRun } from './someResults.ts';

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
    const [, tip] = /class="arrow m0" ?> ?<path d="M([\d.]+) /u.exec(flat) ?? [];
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
    const empty = reportPage({ ...someResults, given: null, dense: null, methods: [], runs: [] });
    expect(empty).toContain('No pruned run is done yet.');
    expect(empty).not.toContain('NaN');
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

test('the table for programs quotes what has to be quoted', () => {
  const lines = resultsCsv(someResults).split('\r\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^run,method,target,seed,status,/u);
  expect(lines[1]).toMatch(/^a,self-pinching,0\.5,0,done,0\.5,0\.4,10,6,99,1,90,0\.05,/u);
  expect(lines[2]).toBe('b,self-pinching,0.5,0,failed,,,,,,,,,,,,,,,,,');
  expect(resultsCsv({ ...someResults, runs: [{ ...someRun('a', 'x'), name: 'a,"b"' }] })).toContain('"a,""b"""');
});
