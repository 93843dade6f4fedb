export { connect, connectAs } from './testing/connect.js';
export { storeConformance } from './testing/conformance/store-conformance.js';
export { transportConformance } from './testing/conformance/transport-conformance.js';
export { expectRefused } from './testing/expect-refused.js';
export { fakeTimers } from './testing/fake-timers.js';
export { WsSessionClient } from './testing/session-client.js';
export { WsTestClient } from './testing/test-client.js';
export { WsRefusedError } from './testing/ws-refused.error.js';

export type { ConnectAsOptions, TestConnectOptions, GatewayAddress } from './testing/connect.js';
export type {
  ConformanceCase,
  ConformanceExceptions,
  ConformanceOptions,
} from './testing/conformance/conformance-case.js';
export type { ConformanceGateway } from './testing/conformance/conformance-gateway.js';
export type { OpenStore, StoreNodes } from './testing/conformance/store-stage.js';
export type {
  ConformanceApplication,
  ConformanceClient,
  ConformanceCredential,
  ConformanceEnding,
  ConformanceNotice,
  ConformanceSilence,
  ConformanceToken,
  OpenTransport,
  RunningTransport,
} from './testing/conformance/transport-under-test.js';
export type { ExpectedRefusal } from './testing/expect-refused.js';
export type { FakeTimerOptions } from './testing/fake-timers.js';
export type { ReceivedEvent, SocketClosing, WsTestClientOptions } from './testing/test-client.js';
export type { RefusedUpgrade } from './testing/ws-refused.error.js';
