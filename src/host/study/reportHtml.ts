/** A study's report as a panel shows it: the file's own page, under a policy of ours. */

import { createHash } from 'node:crypto';

/** Bytes; far more than the report of any study. */
export const largestReport = 16 * 2 ** 20;

/**
 * Policies add up, and the first thing in the page is ours: whatever the file says after it, its one style sheet is allowed, by its hash,
 * and nothing else: no scripts, no pictures, no frames, nothing from the network.
 */
export function reportHtml(report: string): string {
  const sheet = /<style>([^]*?)<\/style>/u.exec(report)?.[1];
  const styles = sheet === undefined ? `'none'` : `'sha256-${createHash('sha256').update(sheet).digest('base64')}'`;
  const policy = `default-src 'none'; style-src ${styles}; base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>\n<meta http-equiv="Content-Security-Policy" content="${policy}">\n${report}`;
}

/** A page with one paragraph. */
export function noReportHtml(text: string): string {
  return reportHtml(`<p>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</p>`);
}
