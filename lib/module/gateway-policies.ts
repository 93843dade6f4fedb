import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { GATEWAY_METADATA, GATEWAY_OPTIONS, PORT_METADATA } from '@nestjs/websockets/constants.js';
import { WS_AUTH_POLICY, WS_PUBLIC } from '../decorators/ws-auth.decorator.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { WsAuthPolicyOptions } from '../policy/options.js';

/** What one gateway says about itself. */
interface GatewayDemand {
  readonly gateway: string;
  readonly isPublic: boolean;
  readonly policy: WsAuthPolicyOptions;
}

/** Finds what the gateways on a server demand, by the metadata of their classes. */
@Injectable()
export class GatewayPolicies {
  constructor(private readonly modules: ModulesContainer) {}

  /**
   * The policy that all gateways on that port and path share; `undefined` if they are public.
   *
   * @throws {WsAuthConfigurationError} if they disagree: one connection reaches all of them.
   */
  demandOf(port: number, path: string | undefined): WsAuthPolicyOptions | undefined {
    const demands = this.#gatewaysOn(port, path);
    const [first] = demands;
    if (!first) {
      return {};
    }
    const different = demands.find(({ isPublic, policy }) => {
      return isPublic !== first.isPublic || !isDeepStrictEqual(policy, first.policy);
    });
    if (different) {
      throw new WsAuthConfigurationError(
        `@WsAuth: ${first.gateway} and ${different.gateway} share a server and demand different things; give them the ` +
          'same policy, or different paths',
      );
    }
    return first.isPublic ? undefined : first.policy;
  }

  #gatewaysOn(port: number, path: string | undefined): GatewayDemand[] {
    const demands: GatewayDemand[] = [];
    for (const module of this.modules.values()) {
      for (const { metatype } of module.providers.values()) {
        if (typeof metatype === 'function' && isGatewayOn(metatype, port, path)) {
          demands.push(demandOf(metatype));
        }
      }
    }
    return demands;
  }
}

function isGatewayOn(metatype: object, port: number, path: string | undefined): boolean {
  if (!Reflect.hasMetadata(GATEWAY_METADATA, metatype)) {
    return false;
  }
  const options = Reflect.getMetadata(GATEWAY_OPTIONS, metatype) as { path?: string } | undefined;
  const ownPort = (Reflect.getMetadata(PORT_METADATA, metatype) as number | undefined) ?? 0;
  return ownPort === port && options?.path === path;
}

function demandOf(metatype: { readonly name: string }): GatewayDemand {
  const isPublic = Reflect.hasMetadata(WS_PUBLIC, metatype);
  const policy = Reflect.getMetadata(WS_AUTH_POLICY, metatype) as WsAuthPolicyOptions | undefined;
  if (isPublic && policy) {
    throw new WsAuthConfigurationError(
      `@WsPublic: ${metatype.name} is also @WsAuth; remove one of them`,
    );
  }
  return { gateway: metatype.name, isPublic, policy: policy ?? {} };
}
