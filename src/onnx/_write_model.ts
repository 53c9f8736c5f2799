import { create, toBinary } from "@bufbuild/protobuf";
import { VERSION } from "../runtime/version.ts";
import type {
  OnnxAttribute,
  OnnxConstant,
  OnnxGraph,
  OnnxNode,
  OnnxValue,
} from "./graph.ts";
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./onnx_pb.ts";

function attribute(name: string, value: OnnxAttribute): AttributeProto {
  const bytes = (text: string) => new TextEncoder().encode(text);
  if (typeof value === "number") {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.INT,
      i: BigInt(value),
    });
  }
  if (typeof value === "string") {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: bytes(value),
    });
  }
  if ("float" in value) {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.FLOAT,
      f: value.float,
    });
  }
  if ("floats" in value) {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.FLOATS,
      floats: [...value.floats],
    });
  }
  if (value.some((item) => typeof item === "string")) {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRINGS,
      strings: value.map((item) => bytes(String(item))),
    });
  }
  return create(AttributeProtoSchema, {
    name,
    type: AttributeType.INTS,
    ints: value.map((item) => BigInt(item)),
  });
}

function node(
  { name, opType, inputs, outputs, attributes }: OnnxNode,
): NodeProto {
  return create(NodeProtoSchema, {
    name,
    opType,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([key, value]) =>
      attribute(key, value)
    ),
  });
}

const onnxTypes = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
} as const;

function describe(value: OnnxValue): ValueInfoProto {
  const dims = value.order.map((axis) => ({ axis, dim: value.shape[axis] }));
  return create(ValueInfoProtoSchema, {
    name: value.name,
    type: create(TypeProtoSchema, {
      value: {
        case: "tensorType",
        value: create(TypeProto_TensorSchema, {
          elemType: onnxTypes[value.dtype],
          shape: create(TensorShapeProtoSchema, {
            dim: dims.map(({ axis, dim }) =>
              create(TensorShapeProto_DimensionSchema, {
                value: dim === null
                  ? {
                    case: "dimParam",
                    value: axis === 0 ? "batch" : `${value.name}_dim${axis}`,
                  }
                  : { case: "dimValue", value: BigInt(dim) },
              })
            ),
          }),
        }),
      },
    }),
  });
}

function tensor({ name, dims, data }: OnnxConstant): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: data instanceof Float32Array
      ? DataType.FLOAT
      : data instanceof Int32Array
      ? DataType.INT32
      : DataType.INT64,
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  });
}

/** The version of the file format that came with an operator set. */
function irVersion(opset: number): bigint {
  return opset < 15 ? 7n : opset < 19 ? 8n : opset < 21 ? 9n : 10n;
}

/** The bytes of the ONNX file. */
export function writeModel(
  graph: OnnxGraph,
  { name, inputs, outputs, metadata }: {
    readonly name: string;
    readonly inputs: readonly OnnxValue[];
    readonly outputs: readonly OnnxValue[];
    readonly metadata: Readonly<Record<string, string>>;
  },
): Uint8Array {
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: irVersion(graph.opset),
      opsetImport: [
        create(OperatorSetIdProtoSchema, {
          domain: "",
          version: BigInt(graph.opset),
        }),
      ],
      producerName: "@clr/clr",
      producerVersion: VERSION,
      modelVersion: 1n,
      graph: create(GraphProtoSchema, {
        name,
        node: graph.nodes.map(node),
        initializer: [...graph.constants.values()].map(tensor),
        input: inputs.map(describe),
        output: outputs.map(describe),
      }),
      metadataProps: Object.entries(metadata).map(([key, value]) =>
        create(StringStringEntryProtoSchema, { key, value })
      ),
    }),
  );
}
