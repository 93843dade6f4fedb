import { WsAuthModule, type WsAuthMiddleware } from 'nestjs-ws-auth';
import { ClsMiddleware } from 'nestjs-cls';

const { use } = new ClsMiddleware({ generateId: true, saveReq: false, saveRes: false });

export const protection = WsAuthModule.forRoot({
  strategy: 'jwt',
  middleware: [use as WsAuthMiddleware],
});
