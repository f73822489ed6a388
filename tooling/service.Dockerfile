# Image of one TypeScript service. The context is the service's dist/ folder, which holds one bundled file, main.js.
# Nothing is in it but Node, the shared libraries Node needs, and that file: no shell, no package manager.
FROM node:24-bookworm-slim AS node
RUN mkdir -p /image/usr/local/bin /image/etc /image/tmp \
 && cp /usr/local/bin/node /image/usr/local/bin/node \
 && ldd /usr/local/bin/node | grep -o '/[^ ]*' | sort -u | while read -r library; do install -D "$library" "/image$library"; done \
 && printf 'nonroot:x:65532:65532:nonroot:/:/sbin/nologin\n' > /image/etc/passwd \
 && printf 'nonroot:x:65532:\n' > /image/etc/group \
 && chmod 1777 /image/tmp

FROM scratch
LABEL org.opencontainers.image.title="Claude Pocket Console service" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=node /image/ /
COPY main.js /app/main.js
ENV NODE_ENV=production
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "/app/main.js"]
