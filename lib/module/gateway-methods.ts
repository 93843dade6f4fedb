import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import { MESSAGE_MAPPING_METADATA, MESSAGE_METADATA } from '@nestjs/websockets/constants.js';
import type { GatewayClass } from '../decorators/gateway-demand.js';

/** A method, with the class that declares it. */
export interface GatewayMethod {
  readonly declaredBy: GatewayClass;
  readonly name: string;
  readonly method: (...args: never[]) => unknown;
  /** What `@SubscribeMessage()` names; `undefined` without it. */
  readonly message: unknown;
}

/** The methods of a class and of its base classes: of several with one name the one that is called. */
export function methodsOf(gateway: GatewayClass): readonly GatewayMethod[] {
  const methods = new Map<string, GatewayMethod>();
  let declaredBy: unknown = gateway;
  while (typeof declaredBy === 'function' && declaredBy !== Function.prototype) {
    for (const each of ownMethodsOf(declaredBy as GatewayClass)) {
      if (!methods.has(each.name)) {
        methods.set(each.name, each);
      }
    }
    declaredBy = Object.getPrototypeOf(declaredBy);
  }
  return [...methods.values()];
}

function ownMethodsOf(declaredBy: GatewayClass): GatewayMethod[] {
  const descriptors = Object.getOwnPropertyDescriptors(Object(declaredBy.prototype) as object);
  return Object.entries(descriptors).flatMap(([name, { value }]): GatewayMethod[] => {
    if (typeof value !== 'function' || name === 'constructor') {
      return [];
    }
    const method = value as GatewayMethod['method'];
    const isHandler = Reflect.getMetadata(MESSAGE_MAPPING_METADATA, method) === true;
    const message: unknown = isHandler ? Reflect.getMetadata(MESSAGE_METADATA, method) : undefined;
    return [{ declaredBy, name, method, message }];
  });
}

/** What `@UseGuards()` names on a class or a method. */
export function guardsOf(target: object): readonly unknown[] {
  return (Reflect.getMetadata(GUARDS_METADATA, target) as readonly unknown[] | undefined) ?? [];
}
