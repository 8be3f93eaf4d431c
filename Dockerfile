# Tidemark in a small image: built in one stage, run in another that has neither compiler nor tests.
#   docker build -t tidemark .
#   docker run -v ./shop.json:/etc/tidemark/tidemark.json:ro -v tidemark-state:/var/lib/tidemark tidemark
# slim and not alpine: the native parts exist for both, and the tests run on glibc.
FROM node:20-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.dist.json ./
COPY tools/make-executable.mjs ./tools/
COPY src ./src
RUN npm run build
RUN npm prune --omit=dev

FROM node:20-slim
LABEL org.opencontainers.image.title="Tidemark" \
      org.opencontainers.image.description="Change data capture for MySQL" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY sql ./sql
COPY tools/health.mjs ./
RUN mkdir -p /var/lib/tidemark && chown node:node /var/lib/tidemark
# The state's file is looked for in the working directory; without its volume a new container begins anew.
WORKDIR /var/lib/tidemark
VOLUME /var/lib/tidemark
USER node
EXPOSE 8083
STOPSIGNAL SIGTERM
# There is no curl. Where http.token is set it must be in TIDEMARK_HTTP_TOKEN, too.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "/app/health.mjs", "live"]
ENTRYPOINT ["node", "/app/dist/cli.js"]
CMD ["run", "/etc/tidemark/tidemark.json"]
