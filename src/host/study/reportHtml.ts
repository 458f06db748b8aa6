/** A study's report in a panel: the file's own page, under the extension's policy. */

import { createHash } from 'node:crypto';

/** Bytes: far more than any report has. */
export const largestReport = 16 * 2 ** 20;

/**
 * Policies add up, and the extension's is the first element of the page. Whatever the file contains after it, its one style sheet is allowed
 * by hash, and nothing else: no scripts, images, frames or network.
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
