import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule } from '@nestjs/graphql';
import { graphqlWs } from 'nestjs-ws-auth/graphql-ws';

/** For `platforms` of `WsAuthModule`: the same policies in front of GraphQL subscriptions. */
export const subscriptions = graphqlWs({ path: '/graphql' });

export const graphql = GraphQLModule.forRoot<ApolloDriverConfig>({
  driver: ApolloDriver,
  autoSchemaFile: true,
  playground: false,
  includeStacktraceInErrorResponses: false,
  subscriptions: { 'graphql-ws': subscriptions.options() },
});
