import { checkStrategy } from '../policy/check-option.js';
import type { RowsOf } from '../policy/check-options.js';
import { custom } from '../policy/option-rows.js';
import type { WsExtractorOptions } from './extractor.js';

/** The options of every extractor. */
export const extractorOptions = {
  strategy: custom(checkStrategy),
} satisfies RowsOf<WsExtractorOptions>;
