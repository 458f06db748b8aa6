/** Understands the commands in lists of recordings that only decode one file, so that the file is read and nothing runs. */

export interface PipedFile {
  readonly path: string;
  /** Index from 0 of the only channel that the command lets through. */
  readonly channel?: number;
}

/** What may follow a program: options alone, and those that take a value. */
interface Program {
  readonly flags: RegExp;
  readonly valued: RegExp;
}

const programs: Readonly<Record<string, Program>> = {
  cat: { flags: /^-u$/, valued: /^$/ },
  flac: { flags: /^(-[cds]+|--decode|--stdout|--silent|--totally-silent)$/, valued: /^$/ },
  sph2pipe: { flags: /^-[pa]$/, valued: /^-[fc]$/ },
  sox: { flags: /^(-V[0-4]?|-q|-[GDR]|--no-dither|--single-threaded)$/, valued: /^-[trbec]$/ },
};

/**
 * The file that a command decodes: `cat FILE`, `flac -c -d -s FILE`, `sph2pipe -f wav -p -c 1 FILE` and `sox FILE -t wav -`.
 * Undefined for every other command, as for one that cuts, filters or runs a second program.
 * @param command without the `|` behind it.
 */
export function pipedFile(command: string): PipedFile | undefined {
  const [program = '', ...words] = split(command) ?? [];
  const name = program.split('/').at(-1) ?? '';
  const known = Object.hasOwn(programs, name) ? programs[name] : undefined;
  if (!known) return undefined;
  const files: string[] = [];
  const options: string[] = [];
  let channel: number | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (known.valued.test(word)) {
      const value = words[++i];
      if (value === undefined) return undefined;
      if (name === 'sph2pipe' && word === '-c') channel = Number(value) - 1;
    } else if (known.flags.test(word)) {
      options.push(word);
    } else if (word === 'remix' && name === 'sox' && i === words.length - 2) {
      channel = Number(words[++i]) - 1;
    } else if (word.startsWith('-') && word !== '-') {
      return undefined;
    } else {
      files.push(word);
    }
  }
  const [path, output, ...more] = files;
  const writes = name === 'sox' ? output === '-' : output === undefined || (name === 'sph2pipe' && output === '-');
  if (path === undefined || path === '-' || !writes || more.length > 0) return undefined;
  // Without -d, flac compresses what it reads.
  if (name === 'flac' && !options.some((word) => word === '--decode' || /^-\w*d/.test(word))) return undefined;
  if (channel !== undefined && !(Number.isInteger(channel) && channel >= 0)) return undefined;
  return { path, ...(channel === undefined ? {} : { channel }) };
}

/** The words of a command, quotes removed; undefined if it holds anything that a shell would act on. */
function split(command: string): string[] | undefined {
  const words: string[] = [];
  const pattern = /\s*(?:'([^']*)'|"([^"$`\\]*)"|([^\s'"|&;<>()$`\\*?[\]{}~#]+))(?=\s|$)/y;
  let end = 0;
  for (let match = pattern.exec(command); match; match = pattern.exec(command)) {
    words.push(match[1] ?? match[2] ?? match[3] ?? '');
    end = pattern.lastIndex;
  }
  return command.slice(end).trim() === '' ? words : undefined;
}
