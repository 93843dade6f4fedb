import { WsTestClient, type WsTestClientOptions } from '../../lib/testing.js';
import { patient } from './patience.js';

export type {
  RefusedUpgrade as Refused,
  WsTestClientOptions as ConnectOptions,
} from '../../lib/testing.js';

/** The client of the test kit, with a little less time than the tests of this repository have. */
export class TestClient extends WsTestClient {
  constructor(url: string, options: WsTestClientOptions = {}) {
    super(url, { timeoutMs: patient(15_000), ...options });
  }
}
