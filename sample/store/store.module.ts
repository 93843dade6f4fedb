import { Module } from '@nestjs/common';
import { redisUrl } from '../config.js';
import { SharedStore } from './shared-store.js';

/** Offers {@link SharedStore}. */
@Module({
  providers: [{ provide: SharedStore, useFactory: async () => SharedStore.connect(redisUrl) }],
  exports: [SharedStore],
})
export class StoreModule {}
