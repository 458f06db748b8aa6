/** The part of eSpeak NG's WebAssembly build that the sample uses; the package has no types. */
declare module 'espeak-ng' {
  interface Options {
    /** The command line. */
    readonly arguments: readonly string[];
    readonly print: (line: string) => void;
    readonly printErr: (line: string) => void;
  }

  interface Program {
    readonly FS: { readonly readFile: (path: string) => Uint8Array };
  }

  /** Runs the program once, in memory of its own. */
  export default function run(options: Options): Promise<Program>;
}
