import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { WsAuthModuleOptions } from '../policy/options.js';

/** What Nest's builder makes of the options: `forRoot()`, `forRootAsync()` and their types. */
export const {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN: WS_AUTH_MODULE_OPTIONS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<WsAuthModuleOptions>({ moduleName: 'WsAuth' })
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createWsAuthOptions')
  .build();
