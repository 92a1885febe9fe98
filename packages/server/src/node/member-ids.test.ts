import { expect, test } from "vitest";
import { computeClusterId, computeMemberId } from "./member-ids.js";

test.each([
  [["http://10.0.0.8:2379"], "", undefined, 14544069596553697298n],
  [["http://10.0.0.8:2379"], "", 472662245, 2448790162483548276n],
  [["http://10.0.0.8:2379"], "etcd", 472662245, 6973882743191604649n],
  [["http://10.0.0.1:2379", "http://10.0.0.2:2379"], "", undefined, 16552244735972308939n],
  [["http://10.0.0.2:2379", "http://10.0.0.1:2379"], "", undefined, 16552244735972308939n],
])("member id of %j, token %j, time %j", (urls, token, time, expected) => {
  expect(computeMemberId(urls, token, time)).toBe(expected);
});

test("a single-member cluster has the ids that etcd gives it", () => {
  const member = computeMemberId(["http://127.0.0.1:23800"], "tok1");
  expect(member.toString(16)).toBe("628ed94ad692e8a1");
  expect(computeClusterId([member]).toString(16)).toBe("ddcdf4f4fbba999b");
});
