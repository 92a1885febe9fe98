/**
 * Names of the fields of common Kubernetes objects by their numbers on the wire, as `generated.proto` of each API group numbers them.
 * Kinds and fields that are not listed are still shown, under their numbers.
 */
export type Kind =
  "text" | "number" | "bool" | "bytes" | "map" | "map-bytes" | "time" | "int-or-string" | "quantity" | Shape;
/** Name, what it holds, and whether it repeats. */
export type Field = readonly [string, Kind, "list"?];
export interface Shape {
  readonly [number: number]: Field;
}

const ownerReference: Shape = {
  1: ["kind", "text"],
  3: ["name", "text"],
  4: ["uid", "text"],
  5: ["apiVersion", "text"],
  6: ["controller", "bool"],
  7: ["blockOwnerDeletion", "bool"],
};

const managedFields: Shape = {
  1: ["manager", "text"],
  2: ["operation", "text"],
  3: ["apiVersion", "text"],
  4: ["time", "time"],
  6: ["fieldsType", "text"],
  7: ["fieldsV1", { 1: ["Raw", "text"] }],
  8: ["subresource", "text"],
};

const meta: Shape = {
  1: ["name", "text"],
  2: ["generateName", "text"],
  3: ["namespace", "text"],
  4: ["selfLink", "text"],
  5: ["uid", "text"],
  6: ["resourceVersion", "text"],
  7: ["generation", "number"],
  8: ["creationTimestamp", "time"],
  9: ["deletionTimestamp", "time"],
  10: ["deletionGracePeriodSeconds", "number"],
  11: ["labels", "map"],
  12: ["annotations", "map"],
  13: ["ownerReferences", ownerReference, "list"],
  14: ["finalizers", "text", "list"],
  17: ["managedFields", managedFields, "list"],
};

const metadata: Field = ["metadata", meta];

const objectReference: Shape = {
  1: ["kind", "text"],
  2: ["namespace", "text"],
  3: ["name", "text"],
  4: ["uid", "text"],
  5: ["apiVersion", "text"],
  6: ["resourceVersion", "text"],
  7: ["fieldPath", "text"],
};

const localReference: Shape = { 1: ["name", "text"] };

const servicePort: Shape = {
  1: ["name", "text"],
  2: ["protocol", "text"],
  3: ["port", "number"],
  4: ["targetPort", "int-or-string"],
  5: ["nodePort", "number"],
  6: ["appProtocol", "text"],
};

const policyRule: Shape = {
  1: ["verbs", "text", "list"],
  2: ["apiGroups", "text", "list"],
  3: ["resources", "text", "list"],
  4: ["resourceNames", "text", "list"],
  5: ["nonResourceURLs", "text", "list"],
};

const subject: Shape = {
  1: ["kind", "text"],
  2: ["apiGroup", "text"],
  3: ["name", "text"],
  4: ["namespace", "text"],
};
const roleRef: Shape = { 1: ["apiGroup", "text"], 2: ["kind", "text"], 3: ["name", "text"] };
const role: Shape = { 1: metadata, 2: ["rules", policyRule, "list"] };
const roleBinding: Shape = { 1: metadata, 2: ["subjects", subject, "list"], 3: ["roleRef", roleRef] };

const endpointAddress: Shape = {
  1: ["ip", "text"],
  2: ["targetRef", objectReference],
  3: ["hostname", "text"],
  4: ["nodeName", "text"],
};
const endpointPort: Shape = {
  1: ["name", "text"],
  2: ["port", "number"],
  3: ["protocol", "text"],
  4: ["appProtocol", "text"],
};

/** By apiVersion and kind. `meta` is what every kind begins with. */
export const kindShapes: Readonly<Record<string, Shape>> = {
  meta,
  "v1 ConfigMap": {
    1: metadata,
    2: ["data", "map"],
    3: ["binaryData", "map-bytes"],
    4: ["immutable", "bool"],
  },
  "v1 Secret": {
    1: metadata,
    2: ["data", "map-bytes"],
    3: ["type", "text"],
    4: ["stringData", "map"],
    5: ["immutable", "bool"],
  },
  "v1 Namespace": {
    1: metadata,
    2: ["spec", { 1: ["finalizers", "text", "list"] }],
    3: ["status", { 1: ["phase", "text"] }],
  },
  "v1 ServiceAccount": {
    1: metadata,
    2: ["secrets", objectReference, "list"],
    3: ["imagePullSecrets", localReference, "list"],
    4: ["automountServiceAccountToken", "bool"],
  },
  "v1 Service": {
    1: metadata,
    2: [
      "spec",
      {
        1: ["ports", servicePort, "list"],
        2: ["selector", "map"],
        3: ["clusterIP", "text"],
        4: ["type", "text"],
        5: ["externalIPs", "text", "list"],
        7: ["sessionAffinity", "text"],
        8: ["loadBalancerIP", "text"],
        9: ["loadBalancerSourceRanges", "text", "list"],
        10: ["externalName", "text"],
        11: ["externalTrafficPolicy", "text"],
        12: ["healthCheckNodePort", "number"],
        13: ["publishNotReadyAddresses", "bool"],
        17: ["ipFamilyPolicy", "text"],
        18: ["clusterIPs", "text", "list"],
        19: ["ipFamilies", "text", "list"],
        20: ["allocateLoadBalancerNodePorts", "bool"],
        21: ["loadBalancerClass", "text"],
        22: ["internalTrafficPolicy", "text"],
      },
    ],
  },
  "v1 Endpoints": {
    1: metadata,
    2: [
      "subsets",
      {
        1: ["addresses", endpointAddress, "list"],
        2: ["notReadyAddresses", endpointAddress, "list"],
        3: ["ports", endpointPort, "list"],
      },
      "list",
    ],
  },
  "coordination.k8s.io/v1 Lease": {
    1: metadata,
    2: [
      "spec",
      {
        1: ["holderIdentity", "text"],
        2: ["leaseDurationSeconds", "number"],
        3: ["acquireTime", "time"],
        4: ["renewTime", "time"],
        5: ["leaseTransitions", "number"],
      },
    ],
  },
  "rbac.authorization.k8s.io/v1 Role": role,
  "rbac.authorization.k8s.io/v1 ClusterRole": role,
  "rbac.authorization.k8s.io/v1 RoleBinding": roleBinding,
  "rbac.authorization.k8s.io/v1 ClusterRoleBinding": roleBinding,
};
