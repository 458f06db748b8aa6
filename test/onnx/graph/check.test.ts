import { expect, test } from 'vitest';
import { checkModel } from '../../../src/onnx/graph/check.ts';
import { int, type Graph, type Model, type Node } from '../../../src/onnx/graph/graph.ts';
import { float32 } from '../../../src/onnx/graph/tensor.ts';

const node = (opType: string, inputs: string[], outputs: string[], attributes: Node['attributes'] = {}): Node => ({
  opType,
  domain: '',
  name: outputs[0] ?? '',
  inputs,
  outputs,
  attributes,
});

const value = (name: string) => ({ name, type: 'float32' as const, dims: [2] });

const graph = (nodes: Node[], parts: Partial<Graph> = {}): Graph => ({
  name: 'g',
  nodes,
  inputs: [value('x')],
  outputs: [value('y')],
  initializers: new Map([['w', float32([1, 2])]]),
  ...parts,
});

const model = (of: Graph, opsets: Model['opsets'] = new Map([['', 18]])): Model => ({ graph: of, opsets });

/** Adds the carried value and the slice; reads `w` of the graph around it. */
const body = (parts: Partial<Graph> = {}): Graph => ({
  name: 'body',
  nodes: [node('Add', ['sum', 'slice'], ['next']), node('Mul', ['next', 'w'], ['out'])],
  inputs: [value('sum'), value('slice')],
  outputs: [value('next'), value('out')],
  initializers: new Map(),
  ...parts,
});

const scan = (of: Graph, outputs = ['last', 'y']) =>
  node('Scan', ['x', 'x'], outputs, { num_scan_inputs: int(1), body: { type: 'graph', value: of } });

test('sound graphs have no problems: an input with a default, an optional input left out, a body that reads outside', () => {
  const clip = node('Clip', ['x', '', 'w'], ['y']);
  const both = new Map([['x', float32([1, 2])]]);
  expect(checkModel(model(graph([node('Add', ['x', 'w'], ['y'])])))).toEqual([]);
  expect(checkModel(model(graph([clip])))).toEqual([]);
  expect(checkModel(model(graph([node('Relu', ['x'], ['y'])], { initializers: both })))).toEqual([]);
  expect(checkModel(model(graph([scan(body())])))).toEqual([]);
});

test('two branches of an If may use the same names, as neither sees the other', () => {
  const branch = (): Graph => body({ nodes: [node('Relu', ['x'], ['r'])], inputs: [], outputs: [value('r')] });
  const attributes: Node['attributes'] = {
    then_branch: { type: 'graph', value: branch() },
    else_branch: { type: 'graph', value: branch() },
  };
  expect(checkModel(model(graph([node('If', ['x'], ['y'], attributes)])))).toEqual([]);
});

const wrong = new Map<string, [model: Model, problem: string]>([
  ['a name given twice', [model(graph([node('Relu', ['x'], ['y']), node('Abs', ['x'], ['y'])])), '"y" a second time']],
  [
    'a node that gives an input its value',
    [model(graph([node('Relu', ['w'], ['x'])], { outputs: [value('x')] })), '"x" a second time'],
  ],
  ['a value that nothing produces', [model(graph([node('Add', ['x', 'v'], ['y'])])), '"v", which nothing produces']],
  [
    'nodes in the wrong order',
    [model(graph([node('Abs', ['z'], ['y']), node('Relu', ['x'], ['z'])])), '"z", which a later node produces'],
  ],
  ['an output that nothing produces', [model(graph([node('Relu', ['x'], ['z'])])), 'output "y", which nothing']],
  ['a missing attribute', [model(graph([node('Concat', ['x', 'w'], ['y'])])), 'Concat "y" lacks the attribute axis']],
  ['a missing input', [model(graph([node('Add', ['x'], ['y'])])), 'Add "y" lacks an input']],
  ['a needed input left out', [model(graph([node('Add', ['', 'x'], ['y'])])), 'Add "y" lacks an input']],
  ['an input too many', [model(graph([node('Relu', ['x', 'x'], ['y'])])), 'has 2 inputs, but takes at most 1']],
  ['an output too many', [model(graph([node('Relu', ['x'], ['y', 'z'])])), 'has 2 outputs, but takes at most 1']],
  [
    'a tensor that is too short',
    [
      model(
        graph([node('Add', ['x', 'w'], ['y'])], {
          initializers: new Map([['w', { ...float32([1]), dims: [2] }]]),
        }),
      ),
      'Initializer "w" has 1 elements, but its shape [2] takes 2',
    ],
  ],
  ['no operator sets', [model(graph([node('Relu', ['x'], ['y'])]), new Map()), 'operator set "ai.onnx"']],
  [
    'an operator set that is not declared',
    [model(graph([{ ...node('Relu', ['x'], ['y']), domain: 'com.microsoft' }])), 'operator set "com.microsoft"'],
  ],
  [
    'a body that hides a name of the graph around it',
    [
      model(
        graph([
          scan(
            body({
              nodes: [node('Add', ['sum', 'slice'], ['w']), node('Abs', ['w'], ['next']), node('Abs', ['w'], ['out'])],
            }),
          ),
        ]),
      ),
      '"w", which the graph around it has',
    ],
  ],
  [
    'a name of a body read outside it',
    [model(graph([scan(body(), ['last', 'all']), node('Relu', ['next'], ['y'])])), '"next", which nothing produces'],
  ],
  [
    'a body with another number of outputs',
    [
      model(graph([scan(body({ outputs: [value('next')] }))])),
      'needs 2 inputs and 2 outputs in its body, which has 2 and 1',
    ],
  ],
]);

test.each([...wrong])('%s is one problem', (_, [broken, problem]) => {
  const problems = checkModel(broken);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(problem);
  expect(problems[0]).toMatch(/^[A-Z].*\.$/);
});
