// Command velero is the released Velero, but its controllers' own metrics are served nowhere: they would listen on
// every address of the machine.
package main

import (
	"os"
	"path/filepath"

	"github.com/vmware-tanzu/velero/pkg/cmd"
	"github.com/vmware-tanzu/velero/pkg/cmd/velero"
	metrics "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

func main() {
	metrics.DefaultBindAddress = "0"
	cmd.CheckError(velero.NewCommand(filepath.Base(os.Args[0])).Execute())
}
