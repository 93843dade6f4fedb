/**
 * The settings of an Express application, as far as middleware asks its request for them: `express-rate-limit` compares
 * `trust proxy` with the header fields of the request.
 */
export class MiddlewareApplication {
  readonly locals: object = {};
  readonly settings: Readonly<Record<string, unknown>>;

  /** @param trustProxy the option of the module */
  constructor(trustProxy: unknown) {
    const env = process.env['NODE_ENV'] || 'development';
    this.settings = Object.freeze({ env, 'trust proxy': trustProxy });
  }

  get(setting: string): unknown {
    return this.settings[setting];
  }

  enabled(setting: string): boolean {
    return Boolean(this.get(setting));
  }

  disabled(setting: string): boolean {
    return !this.enabled(setting);
  }
}
