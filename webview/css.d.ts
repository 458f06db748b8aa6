// esbuild bundles imported style sheets into one beside the page's script.
declare module '*.css';
