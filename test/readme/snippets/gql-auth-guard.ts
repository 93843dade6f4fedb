import { createParamDecorator, Injectable, type ExecutionContext } from '@nestjs/common';
import { GqlExecutionContext } from '@nestjs/graphql';
import { AuthGuard } from '@nestjs/passport';
import { sessionOf } from 'nestjs-ws-auth';

interface Operation {
  /** The HTTP request, or the context of graphql-ws. Both hold the user. */
  readonly req: { readonly user?: unknown };
}

function operationOf(context: ExecutionContext): Operation {
  return GqlExecutionContext.create(context).getContext<Operation>();
}

/** Authenticates operations over HTTP, and passes those of a connection, which is authenticated already. */
@Injectable()
export class GqlAuthGuard extends AuthGuard('jwt') {
  override canActivate(context: ExecutionContext) {
    const session = sessionOf(operationOf(context).req);
    return session ? !session.anonymous : super.canActivate(context);
  }

  override getRequest(context: ExecutionContext) {
    return operationOf(context).req;
  }
}

export const CurrentUser = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => operationOf(context).req.user,
);
