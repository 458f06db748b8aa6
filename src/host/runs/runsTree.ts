/** The Runs view: runs with their progress, and below each its checkpoints with error rate and size. */

import { basename } from 'node:path';
import {
  commands,
  EventEmitter,
  MarkdownString,
  ThemeColor,
  ThemeIcon,
  TreeItem,
  TreeItemCollapsibleState,
  type Disposable,
  type Memento,
  type TreeDataProvider,
} from 'vscode';
import type { CheckpointRecord } from '../../protocol/records.ts';
import { describeCheckpoint, describeRun, statusOf, type RunStatus } from '../../runs/describe.ts';
import { counted } from '../../base/format.ts';
import { groupRuns, parseOrder, sortRuns, type RunGroup, type RunOrder } from './runOrder.ts';
import { allRuns, isListed, type RunFilter } from './runFilter.ts';
import { checkpointModel, type FollowedRun, type RunEntry, type RunStore } from './runStore.ts';

export interface RunNode {
  readonly kind: 'run';
  readonly folder: string;
}

export interface CheckpointNode {
  readonly kind: 'checkpoint';
  readonly folder: string;
  readonly record: CheckpointRecord;
  /** Path of the ONNX file. */
  readonly model: string;
}

/** The runs of a study or from a model, where they are grouped so. */
export interface GroupNode {
  readonly kind: 'group';
  readonly path: string;
}

export type TreeNode = RunNode | CheckpointNode | GroupNode;

const orderKey = 'pinch.runsOrder';

export class RunsTree implements TreeDataProvider<TreeNode>, Disposable {
  private readonly runs: RunStore;
  private readonly changed = new EventEmitter<TreeNode | undefined>();
  private readonly opened = new Map<string, FollowedRun>();
  private readonly nodes = new Map<string, RunNode>();
  private readonly listening: Disposable;
  private readonly groups = new Map<string, GroupNode>();
  private readonly memento: Memento;
  private shown: RunFilter = allRuns;
  readonly onDidChangeTreeData = this.changed.event;

  /** @param memento keeps the order. */
  constructor(runs: RunStore, memento: Memento) {
    this.runs = runs;
    this.memento = memento;
    this.listening = runs.onDidChange(() => this.refresh());
  }

  get filter(): RunFilter {
    return this.shown;
  }

  show(filter: RunFilter): void {
    this.shown = filter;
    void commands.executeCommand('setContext', 'pinch.runsFiltered', filter.text !== '');
    void commands.executeCommand('setContext', 'pinch.showsArchived', filter.archived);
    this.changed.fire(undefined);
  }

  get order(): RunOrder {
    return parseOrder(this.memento.get(orderKey));
  }

  async setOrder(change: Partial<RunOrder>): Promise<void> {
    await this.memento.update(orderKey, { ...this.order, ...change });
    this.changed.fire(undefined);
  }

  getTreeItem(node: TreeNode): TreeItem {
    if (node.kind === 'group') return this.groupItem(node);
    if (node.kind === 'checkpoint') return this.checkpointItem(node);
    const entry = this.runs.runs.find(({ folder }) => folder === node.folder);
    return entry ? this.runItem(entry) : new TreeItem(basename(node.folder));
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node === undefined) {
      await this.runs.refresh();
      return this.grouped.map((each) => ('runs' in each ? this.groupOf(each.path) : this.nodeOf(each.folder)));
    }
    if (node.kind === 'group') return (this.find(node)?.runs ?? []).map(({ folder }) => this.nodeOf(folder));
    if (node.kind === 'checkpoint') return [];
    const { follower } = await this.open(node.folder);
    return follower.snapshot.checkpoints
      .map((record): CheckpointNode => {
        const model = checkpointModel(node.folder, record.path);
        return { kind: 'checkpoint', folder: node.folder, record, model };
      })
      .reverse();
  }

  getParent(node: TreeNode): TreeNode | undefined {
    if (node.kind === 'checkpoint') return this.nodeOf(node.folder);
    if (node.kind === 'group') return undefined;
    const holds = ({ runs }: RunGroup<RunEntry>): boolean => runs.some(({ folder }) => folder === node.folder);
    const group = this.grouped.find((each) => 'runs' in each && holds(each)) as RunGroup<RunEntry> | undefined;
    return group && this.groupOf(group.path);
  }

  dispose(): void {
    for (const run of this.opened.values()) run.close();
    this.opened.clear();
    this.listening.dispose();
    this.changed.dispose();
  }

  private get listed(): readonly RunEntry[] {
    const listed = this.runs.runs.filter((run) => isListed(run, this.shown));
    return sortRuns(listed, this.order.sort);
  }

  private get grouped(): readonly (RunGroup<RunEntry> | RunEntry)[] {
    return groupRuns(this.listed, this.order.grouping);
  }

  private find({ path }: GroupNode): RunGroup<RunEntry> | undefined {
    return this.grouped.find((each) => 'runs' in each && each.path === path) as RunGroup<RunEntry> | undefined;
  }

  private groupOf(path: string): GroupNode {
    const node = this.groups.get(path) ?? { kind: 'group', path };
    this.groups.set(path, node);
    return node;
  }

  private groupItem(node: GroupNode): TreeItem {
    const { kind, path, name, runs } = this.find(node) ?? { kind: 'model', path: node.path, name: node.path, runs: [] };
    // The many runs of a study would push the others out of sight.
    const { Collapsed, Expanded } = TreeItemCollapsibleState;
    const item = new TreeItem(name, kind === 'study' ? Collapsed : Expanded);
    const live = runs.filter(({ life }) => life === 'live').length;
    item.id = `${kind}:${path}`;
    item.description = [counted(runs.length, 'run'), ...(live > 0 ? [`${live} running`] : [])].join(', ');
    item.iconPath = new ThemeIcon(kind === 'study' ? 'beaker' : 'package');
    item.contextValue = `group.${kind}`;
    item.tooltip = path;
    item.accessibilityInformation = {
      label: `${kind === 'study' ? 'Study' : 'Model'} ${name}, ${item.description}`,
    };
    return item;
  }

  /** Returns the same object for the same run, so that VS Code keeps the selection and the expanded items. */
  private nodeOf(folder: string): RunNode {
    const node = this.nodes.get(folder) ?? { kind: 'run', folder };
    this.nodes.set(folder, node);
    return node;
  }

  private refresh(): void {
    const there = new Set(this.runs.runs.map(({ folder }) => folder));
    for (const [folder, run] of this.opened) {
      if (there.has(folder)) continue;
      run.close();
      this.opened.delete(folder);
      this.nodes.delete(folder);
    }
    this.changed.fire(undefined);
  }

  /** A run with visible checkpoints is followed, so that new ones appear. */
  private async open(folder: string): Promise<FollowedRun> {
    const open = this.opened.get(folder);
    if (open) return open;
    const run = await this.runs.follow(folder, (change) => {
      if (change.kind === 'snapshot') this.changed.fire(this.nodeOf(folder));
    });
    const other = this.opened.get(folder);
    if (other) {
      run.close();
      return other;
    }
    this.opened.set(folder, run);
    return run;
  }

  private runItem(entry: RunEntry): TreeItem {
    const status = statusOf(entry);
    const item = new TreeItem(
      entry.name,
      entry.life === 'live' ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.Collapsed,
    );
    item.id = entry.folder;
    const { note, archived } = entry.label;
    item.description = [...(archived ? ['archived'] : []), describeRun(entry), ...(note === '' ? [] : [note])].join(
      ' · ',
    );
    item.iconPath = iconOf(status);
    const state = entry.life === 'live' ? 'live' : status === 'done' ? 'done' : 'resumable';
    item.contextValue = `run.${state}${archived ? '.archived' : ''}`;
    item.tooltip = new MarkdownString(undefined, false);
    item.tooltip.appendText(`${entry.name}: ${describeRun(entry)}\n`);
    if (entry.state?.message) item.tooltip.appendText(`${entry.state.message}\n`);
    item.tooltip.appendText(`Model: ${entry.model}`);
    if (entry.study !== null) item.tooltip.appendText(`\nStudy: ${entry.study}`);
    if (note !== '') item.tooltip.appendText(`\n${note}`);
    item.accessibilityInformation = { label: `Run ${entry.name}, ${item.description}` };
    item.command = {
      command: 'pinch.showHeatmap',
      title: 'Show Sparsity Heatmap',
      arguments: [this.nodeOf(entry.folder)],
    };
    return item;
  }

  private checkpointItem({ folder, record, model }: CheckpointNode): TreeItem {
    const snapshot = this.opened.get(folder)?.follower.snapshot;
    const evaluation = snapshot?.evaluations.findLast(({ step }) => step === record.step);
    const best = snapshot?.end?.best?.step === record.step;
    const item = new TreeItem(`step ${record.step}`);
    item.id = model;
    item.description = describeCheckpoint(record, evaluation, best);
    item.iconPath = new ThemeIcon(best ? 'star-full' : 'package');
    item.contextValue = 'checkpoint';
    item.tooltip = `${model}\n${describeCheckpoint(record, evaluation, best)}`;
    item.accessibilityInformation = {
      label: `Checkpoint at step ${record.step}, ${describeCheckpoint(record, evaluation, best)}`,
    };
    item.command = {
      command: 'pinch.showHeatmap',
      title: 'Show Sparsity Heatmap',
      arguments: [{ kind: 'checkpoint', folder, record, model }],
    };
    return item;
  }
}

/** No icon spins for long: the window would repaint during the whole run. */
const icons: Readonly<Record<RunStatus, readonly [icon: string, color?: string]>> = {
  starting: ['loading~spin'],
  running: ['play-circle', 'charts.blue'],
  stopping: ['loading~spin', 'charts.yellow'],
  done: ['pass', 'charts.green'],
  failed: ['error', 'charts.red'],
  stopped: ['debug-stop'],
  lost: ['warning', 'charts.yellow'],
};

function iconOf(status: RunStatus): ThemeIcon {
  const [icon, color] = icons[status];
  return new ThemeIcon(icon, color === undefined ? undefined : new ThemeColor(color));
}
