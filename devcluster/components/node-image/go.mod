module pocketconsole.dev/devcluster/node-image

go 1.26.0
