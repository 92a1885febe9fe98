/** Values as YAML. In a file of its own because the YAML library loads only when a value asks for it. */
import { stringify } from "yaml";
import { decodeUtf8 } from "../../text/escape.js";
import { decodeKubernetes } from "./kubernetes.js";

const layout = { lineWidth: 0, aliasDuplicateObjects: false };

/** JSON in YAML's spelling; numbers that JavaScript cannot hold keep their digits as far as a double has them. */
export function jsonAsYaml(value: Uint8Array): string {
  return stringify(JSON.parse(decodeUtf8(value) ?? "null"), layout);
}

/** An object that kube-apiserver stored as protobuf. Fields whose names are not known here stand under their numbers. */
export function kubernetesAsYaml(value: Uint8Array): string {
  const { object, note } = decodeKubernetes(value);
  return `${note === undefined ? "" : `# ${note}\n`}${stringify(object, layout)}`;
}
