import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule } from '@nestjs/graphql';
import { WsAuthModule } from 'nestjs-ws-auth';
import { graphqlWs } from 'nestjs-ws-auth/graphql-ws';

const subscriptions = graphqlWs({ path: '/graphql' });

export const graphqlImports = [
  WsAuthModule.forRoot({ strategy: 'jwt', platforms: [subscriptions] }),
  GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    autoSchemaFile: true,
    subscriptions: { 'graphql-ws': subscriptions.options() },
  }),
];
