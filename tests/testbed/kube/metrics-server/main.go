// Command metrics-server is the released metrics-server, but scrapes every two seconds: the command of
// its own refuses less than ten, and every test that changes a pod would wait for that long.
package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/cli"
	"sigs.k8s.io/metrics-server/cmd/metrics-server/app/options"
)

func main() {
	settings := options.NewOptions()
	every := 2 * time.Second
	command := &cobra.Command{
		Use: "metrics-server",
		RunE: func(*cobra.Command, []string) error {
			if problems := settings.Validate(); len(problems) > 0 {
				return problems[0]
			}
			config, err := settings.ServerConfig()
			if err != nil {
				return err
			}
			config.MetricResolution = every
			server, err := config.Complete()
			if err != nil {
				return err
			}
			return server.RunUntil(genericapiserver.SetupSignalHandler())
		},
	}
	groups := settings.Flags()
	for _, flags := range groups.FlagSets {
		command.Flags().AddFlagSet(flags)
	}
	command.Flags().DurationVar(&every, "scrape-every", every, "how often the nodes are asked")
	os.Exit(cli.Run(command))
}
