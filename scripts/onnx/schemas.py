"""Writes src/onnx/graph/schemas.ts from ONNX's own definitions: pip install onnx, then python scripts/onnx/schemas.py"""

import textwrap
from collections import defaultdict
from pathlib import Path

from onnx import defs

# The operator sets that Pinch reads.
OLDEST, NEWEST = 13, 23
UNLIMITED = 2**31 - 1

target = Path(__file__).parents[2] / "src/onnx/graph/schemas.ts"


def versions():
    """The definitions of each of ONNX's own operators that hold in some of the operator sets; deprecated operators are left out."""
    found = defaultdict(dict)
    for schema in defs.get_all_schemas_with_history():
        if schema.domain == "" and schema.since_version <= NEWEST:
            found[schema.name][schema.since_version] = schema
    for name, by_version in sorted(found.items()):
        first = max((version for version in by_version if version <= OLDEST), default=0)
        holding = [schema for version, schema in by_version.items() if version >= first and not schema.deprecated]
        if holding:
            yield name, holding


def limit(count):
    return "Infinity" if count == UNLIMITED else str(count)


groups = defaultdict(list)
required = {}
for name, schemas in versions():
    counts = (
        min(schema.min_input for schema in schemas),
        max(schema.max_input for schema in schemas),
        min(schema.min_output for schema in schemas),
        max(schema.max_output for schema in schemas),
    )
    groups[counts].append(name)
    always = set.intersection(*({a.name for a in schema.attributes.values() if a.required} for schema in schemas))
    if always:
        required[name] = sorted(always)

rows = []
for counts, names in sorted(groups.items()):
    prefix = " ".join(map(limit, counts)) + " "
    rows += textwrap.wrap(" ".join(names), 120, initial_indent=prefix, subsequent_indent=prefix)
attributes = [f"  {name}: [{', '.join(repr(each) for each in names)}]," for name, names in required.items()]

target.write_text(
    f"""/** Inputs, outputs and attributes that ONNX's operators require in opsets {OLDEST} to {NEWEST}. Written by scripts/onnx/schemas.py; change it there. */

export interface Schema {{
  readonly inputs: readonly [least: number, most: number];
  readonly outputs: readonly [least: number, most: number];
}}

/** The minimum and maximum number of inputs and of outputs, and the operators with these numbers. */
const rows = `
"""
    + "\n".join(rows)
    + """
`;

/** The numbers by operator. Operators that are missing here are not checked. */
export const schemas: ReadonlyMap<string, Schema> = new Map(
  rows
    .trim()
    .split('\\n')
    .flatMap((row) => {
      const [leastIn, mostIn, leastOut, mostOut, ...operators] = row.split(' ');
      const schema: Schema = {
        inputs: [Number(leastIn), Number(mostIn)],
        outputs: [Number(leastOut), Number(mostOut)],
      };
      return operators.map((operator) => [operator, schema] as const);
    }),
);

/** Required attributes by operator. */
export const requiredAttributes: Readonly<Record<string, readonly string[]>> = {
"""
    + "\n".join(attributes)
    + "\n};\n",
    encoding="utf-8",
    newline="\n",
)
