import { expect, test } from "vitest";
import { PeerRoster } from "./peer-roster.js";

function bed(): { roster: PeerRoster; steps: string[] } {
  const steps: string[] = [];
  const roster = new PeerRoster(1n, {
    addPeer: (id, urls) => void steps.push(`add ${id} ${urls.join()}`),
    updatePeer: (id, urls) => void steps.push(`update ${id} ${urls.join()}`),
    removePeer: (id) => void steps.push(`remove ${id}`),
  });
  return { roster, steps };
}

const row = (id: bigint, url = `http://m${id}:1`): { id: bigint; peerUrls: string[] } => ({
  id,
  peerUrls: [url],
});

test("a member is no peer of itself", () => {
  const { roster, steps } = bed();
  roster.replace([row(1n), row(2n)]);
  expect(steps).toEqual(["add 2 http://m2:1"]);
});

test("members that stay are left alone; others come, go and move", () => {
  const { roster, steps } = bed();
  roster.replace([row(1n), row(2n), row(3n), row(4n)]);
  steps.length = 0;
  roster.replace([row(1n), row(2n), row(3n, "http://elsewhere:1"), row(5n)]);
  expect(steps).toEqual(["remove 4", "update 3 http://elsewhere:1", "add 5 http://m5:1"]);
});
