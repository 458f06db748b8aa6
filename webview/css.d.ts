// esbuild takes style sheets that a page imports into the sheet beside its script.
declare module '*.css';
