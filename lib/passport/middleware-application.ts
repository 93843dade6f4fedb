import type { ProxyTrust } from '../policy/proxy-trust.js';
import { parseQuery, type StrategyQuery } from './parse-query.js';

type Settings = Record<string, unknown>;

/** What is known here of an application of Express. */
interface ExpressApplication {
  readonly settings: Settings;
  readonly locals: object;
}

/**
 * The settings of an Express application, for applications that run without Express: middleware asks its request for them.
 * `express-rate-limit` compares `trust proxy` with the header fields of the request.
 */
export class MiddlewareApplication {
  readonly locals: object = {};
  readonly settings: Settings;

  /** @param settings those that do not come from the environment */
  constructor(settings: Settings) {
    const env = process.env['NODE_ENV'] || 'development';
    this.settings = { env, ...settings };
  }

  get(setting: string): unknown {
    return this.settings[setting];
  }

  set(setting: string, value: unknown): this {
    this.settings[setting] = value;
    return this;
  }

  enabled(setting: string): boolean {
    return Boolean(this.get(setting));
  }

  disabled(setting: string): boolean {
    return !this.enabled(setting);
  }

  enable(setting: string): this {
    return this.set(setting, true);
  }

  disable(setting: string): this {
    return this.set(setting, false);
  }
}

/** What all requests of a server share, besides the request itself. */
export class Site {
  #application: ExpressApplication | undefined;

  /**
   * @param trust which proxies `ip`, `protocol` and `host` believe
   * @param trustProxy the option of the module
   * @param findApplication the application that answers over HTTP; asked when a strategy or middleware first needs it
   */
  constructor(
    readonly trust: ProxyTrust,
    private readonly trustProxy: unknown = false,
    private readonly findApplication: () => unknown = () => undefined,
  ) {}

  /**
   * The application of Express, with its settings, `locals` and methods. Its trust of proxies is that of the module, which decides
   * what the members of the request answer.
   */
  get application(): ExpressApplication {
    return (this.#application ??= this.#derive());
  }

  /**
   * Parses the query of a URL as the application does over HTTP: by its setting `query parser`, which Express has made a function
   * of. It receives `null` for a URL without a query.
   *
   * @throws what a parser of the application throws
   */
  parseQuery(url: string): StrategyQuery {
    const { settings } = this.application;
    const parser = settings['query parser'];
    const parse = settings['query parser fn'] as
      ((query: string | null) => StrategyQuery) | undefined;
    if (parser === undefined || parser === true || parser === 'simple') {
      return parseQuery(url);
    }
    const mark = url.indexOf('?');
    return typeof parse === 'function' ? parse(mark === -1 ? null : url.slice(mark + 1)) : {};
  }

  #derive(): ExpressApplication {
    const own = { 'trust proxy': this.trustProxy, 'trust proxy fn': this.trust };
    const application = this.findApplication();
    return isExpress(application)
      ? Object.assign(Object.create(application) as ExpressApplication, {
          settings: Object.assign(Object.create(application.settings), own),
        })
      : new MiddlewareApplication(own);
  }
}

/** The site of a request that belongs to no server. */
export const noSite = new Site(() => false);

function isExpress(application: unknown): application is ExpressApplication {
  const { settings, locals } = Object(application) as Partial<ExpressApplication>;
  return typeof application === 'function' && Boolean(settings) && Boolean(locals);
}
