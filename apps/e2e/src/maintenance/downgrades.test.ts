/** A downgrade is asked for, refused, begun and cancelled. */
import { etcdserverpb } from "@quorate/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lacksRules, refused } from "../auth/rules.js";
import { subjectKind } from "../harness/programs.js";
import { useMember } from "../harness/use-member.js";
import { WireClient } from "../harness/wire-client.js";
import type { Outcome } from "../harness/wire-client.js";

const { downgrade, status } = etcdserverpb.Maintenance.method;
const { VALIDATE, ENABLE, CANCEL } = etcdserverpb.DowngradeRequest_DowngradeAction;
const suite = "downgrades";

describe.skipIf(lacksRules(suite))(suite, () => {
  const member = useMember({ kind: subjectKind });
  let client: WireClient;
  beforeAll(() => {
    client = new WireClient(member().endpoint);
  });
  afterAll(() => client.close());

  const ask = (
    action: etcdserverpb.DowngradeRequest_DowngradeAction,
    version = "",
  ): Promise<Outcome<etcdserverpb.DowngradeResponse>> => client.call(downgrade, { action, version });
  const clusterVersion = async (): Promise<string> => {
    const response = await fetch(`http://${member().endpoint}/version`);
    return ((await response.json()) as { readonly etcdcluster: string }).etcdcluster;
  };
  const target = async (): Promise<string | undefined> => {
    const { downgradeInfo } = await client.demand(status, {});
    return downgradeInfo?.enabled === true ? downgradeInfo.targetVersion : undefined;
  };

  it("rule 53: cancelling nothing is fine, one minor version down is the only way, and a second one is told why not", async () => {
    await expect.poll(clusterVersion).toBe("3.7.0");
    expect(await ask(CANCEL)).toMatchObject({ ok: true, message: { version: "3.7" } });
    for (const version of ["3.7", "3.7.0", "3.5", "3.8", "2.7"])
      for (const action of [VALIDATE, ENABLE])
        expect(await ask(action, version), version).toEqual(refused("invalid-downgrade-target-version"));
    for (const action of [VALIDATE, ENABLE])
      expect(await ask(action, "three")).toEqual(refused("wrong-downgrade-version-format"));

    expect(await ask(VALIDATE, "3.6")).toMatchObject({ ok: true, message: { version: "3.7" } });
    expect(await target()).toBeUndefined();
    expect(await ask(ENABLE, "3.6")).toMatchObject({ ok: true, message: { version: "3.7" } });
    expect(await ask(ENABLE, "3.6")).toEqual(refused("downgrade-in-process"));
    expect(await target()).toBe("3.6.0");
    await expect.poll(clusterVersion).toBe("3.6.0");
    expect(await ask(ENABLE, "3.6")).toEqual(refused("invalid-downgrade-target-version"));

    expect(await ask(CANCEL)).toMatchObject({ ok: true });
    expect(await target()).toBeUndefined();
    await expect.poll(clusterVersion).toBe("3.7.0");
  });
});
