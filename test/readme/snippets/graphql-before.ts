import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule } from '@nestjs/graphql';
import { JwtModule, JwtService } from '@nestjs/jwt';

export const graphqlAlone = GraphQLModule.forRootAsync<ApolloDriverConfig>({
  driver: ApolloDriver,
  imports: [JwtModule.register({ secret: process.env['SECRET'] ?? '' })],
  inject: [JwtService],
  useFactory: (tokens: JwtService) => ({
    autoSchemaFile: true,
    subscriptions: {
      'graphql-ws': {
        // Once: the subscription goes on when the token has ended, and clients read what this throws.
        onConnect({ connectionParams, extra }) {
          const token = String(connectionParams?.['authorization']).slice(7);
          Object.assign(extra as object, { user: tokens.verify<object>(token) });
        },
      },
    },
  }),
});
