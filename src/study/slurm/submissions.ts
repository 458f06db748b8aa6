/** The submissions to Slurm, written to a file before they are made, so that the next process finds them again. */

import { randomBytes } from 'node:crypto';

import { join } from 'node:path';
import * as v from 'valibot';
import { writeAtomically } from '../../base/atomicFile.ts';
import { makeFolder } from '../../base/makeFolder.ts';
import { readSmallFile } from '../../base/smallFile.ts';

const taskName = v.pipe(v.string(), v.regex(/^[\w.-]+$/u));
const schema = v.array(
  v.object({
    /** The job's unique name. */
    name: v.pipe(v.string(), v.regex(/^pinch-[0-9a-f]{12}$/u)),
    /** By the job's index. */
    tasks: v.array(taskName),
  }),
);
export type Submission = v.InferOutput<typeof schema>[number];

const largestFile = 16 * 2 ** 20;

export class Submissions {
  private readonly folder: string;
  private list: readonly Submission[];

  private constructor(folder: string, list: readonly Submission[]) {
    this.folder = folder;
    this.list = list;
  }

  /** @param folder is created if needed. @throws Error if the file is not valid. */
  static async open(folder: string): Promise<Submissions> {
    await makeFolder(folder);
    const path = fileIn(folder);
    let text: string;
    try {
      text = await readSmallFile(path, largestFile);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Submissions(folder, []);
      throw error;
    }
    const result = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
    if (!result.success) throw new Error(`${path}: this is not Pinch's list of jobs; delete it if no job runs.`);
    return new Submissions(folder, result.output);
  }

  get names(): string[] {
    return this.list.map(({ name }) => name);
  }

  /** Records that these tasks are about to be submitted, in place of their earlier submissions. */
  async add(tasks: readonly string[]): Promise<Submission> {
    const added = { name: `pinch-${randomBytes(6).toString('hex')}`, tasks: [...tasks] };
    this.list = [...this.list, added];
    await writeAtomically(fileIn(this.folder), [Buffer.from(`${JSON.stringify(this.list, null, 2)}\n`)]);
    // The job reads its tasks' names here: one per line, which a shell can find.
    await writeAtomically(this.listOf(added), [Buffer.from(added.tasks.map((task) => `${task}\n`).join(''))]);
    return added;
  }

  /** The file with one task name per line. */
  listOf({ name }: Submission): string {
    return join(this.folder, `${name}.txt`);
  }

  /** The output file of task number `index`. */
  logOf({ name }: Submission, index: number | '%a'): string {
    // Slurm takes a "%" as the start of a pattern.
    const folder = index === '%a' ? this.folder.replaceAll('%', '%%') : this.folder;
    return join(folder, `${name}-${index}.log`);
  }

  /** The last submission of the task, and its index there. */
  find(task: string): { readonly submission: Submission; readonly index: number } | undefined {
    const submission = this.list.findLast(({ tasks }) => tasks.includes(task));
    return submission && { submission, index: submission.tasks.indexOf(task) };
  }

  /** The names of the tasks among those that Slurm has. @param active as `activeTasks` returns them. */
  tasksIn(active: ReadonlySet<string>): Set<string> {
    const names = this.list.flatMap(({ name, tasks }) => tasks.filter((_, index) => active.has(`${name} ${index}`)));
    return new Set(names);
  }
}

function fileIn(folder: string): string {
  return join(folder, 'submissions.json');
}
