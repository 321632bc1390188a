// Reads manifests from standard input and holds each strictly against the types of the Kubernetes API: a field that there
// is not, one that is given twice, or a value of another type is an error.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	strict "sigs.k8s.io/yaml"
)

var types = map[string]func() any{
	"v1/ConfigMap":                           func() any { return &corev1.ConfigMap{} },
	"v1/Service":                             func() any { return &corev1.Service{} },
	"v1/ServiceAccount":                      func() any { return &corev1.ServiceAccount{} },
	"apps/v1/StatefulSet":                    func() any { return &appsv1.StatefulSet{} },
	"autoscaling/v2/HorizontalPodAutoscaler": func() any { return &autoscalingv2.HorizontalPodAutoscaler{} },
	"networking.k8s.io/v1/NetworkPolicy":     func() any { return &networkingv1.NetworkPolicy{} },
	"policy/v1/PodDisruptionBudget":          func() any { return &policyv1.PodDisruptionBudget{} },
}

func check(document []byte) (string, error) {
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := strict.Unmarshal(document, &head); err != nil {
		return "", err
	}
	name := head.APIVersion + "/" + head.Kind
	if head.Kind == "" {
		return "", nil
	}
	empty, known := types[name]
	if !known {
		return name, fmt.Errorf("%s is no kind that the chart makes", name)
	}
	return name, strict.UnmarshalStrict(document, empty())
}

func main() {
	reader := yaml.NewYAMLReader(bufio.NewReader(os.Stdin))
	checked, failed := 0, false
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		name, err := check(document)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			failed = true
		}
		if name != "" {
			checked++
		}
	}
	if failed || checked == 0 {
		os.Exit(1)
	}
	fmt.Printf("%d manifests are what the API takes\n", checked)
}
